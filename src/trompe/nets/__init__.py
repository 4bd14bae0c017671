"""Networks: what fills a model's slots."""
