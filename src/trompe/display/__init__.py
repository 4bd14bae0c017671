"""How samples of each kind are shown as pixels."""
