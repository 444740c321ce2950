// Functions that a block of Python brings along, written by `make play`.
export const HELPERS = {
  "sigmoid": "def sigmoid(x: Tensor) -> Tensor:\n    \"\"\"1 / (1 + e^-x); e^x far left, where torch.sigmoid is 0 as soon as e^-x overflows.\"\"\"\n    return torch.where(x < -40, torch.exp(x.clamp(max=-40)), torch.sigmoid(x))\n",
  "sin": "def finite(x: Tensor) -> Tensor:\n    \"\"\"x, where it has overflowed the largest number: a sine of it is not nan.\"\"\"\n    largest = torch.finfo(x.dtype).max\n    return x.clamp(-largest, largest)\n",
  "softplus": "def softplus(x: Tensor) -> Tensor:\n    \"\"\"log(1 + e^x), without the threshold of torch's.\"\"\"\n    return -torch.nn.functional.logsigmoid(-x)\n"
};
