"""What tests of several folders share: commands, documents, corpora, disks, a browser."""
