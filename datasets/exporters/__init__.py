"""Recordings as other programs read them: a Cityscapes tree, COCO, WebDataset tars, Hugging Face parquet."""
