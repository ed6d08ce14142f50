"""What a second reader is worth, by who reads whom: option logits that others published, every model as author and as reader."""
