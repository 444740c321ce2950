from .replace import swap as swap
