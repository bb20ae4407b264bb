"""The code with which the `transformers` library opens an exported model, without Folio.

`bundle` joins the modules of the network, `wrapper` and `processor` into one file. May import: `trainer.model`,
`schemas`.
"""
