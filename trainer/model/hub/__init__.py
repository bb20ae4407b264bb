"""The code with which the `transformers` library opens an exported model, without Folio.

`bundle` joins the modules of the network and `wrapper` into one file. May import: `trainer.model`, `schemas`.
"""
