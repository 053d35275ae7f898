# SPDX-License-Identifier: Apache-2.0
"""Arrays of an original implementation, and how far ours are from them."""
import json

import torch
from safetensors import safe_open


class Case:
    """The arrays of a file, and the largest difference that was found from them."""

    def __init__(self, path):
        with safe_open(path, "pt") as file:
            self.arrays = {name: file.get_tensor(name) for name in file.keys()}
            self.spec = json.loads(file.metadata()["spec"])
        self.name = f"{path.parent.name}/{path.stem}"
        self.worst = (0.0, "nothing")

    def __getitem__(self, name):
        return self.arrays[name]

    def param(self, name):
        return self[f"param.{name}"]

    def agree(self, ours, name, like=None):
        theirs = (self[name] if like is None else like).reshape(ours.shape)
        error = ((ours - theirs).abs().max() / theirs.abs().max()).item()
        if error != error:  # no number agrees with nothing
            error = float("inf")
        if error > self.worst[0]:
            self.worst = (error, name)

    def load(self, named):
        """Gives parameters, by their names in the file, what it has for them."""
        for name, parameter in named.items():
            parameter.data.copy_(self.param(name).reshape(parameter.shape))

    def agree_gradients(self, named, prefix="grad."):
        for name, parameter in named.items():
            self.agree(parameter.grad, prefix + name)


def by_token(model, tokens, state=None):
    """The logits of reading one token at a time."""
    logits = []
    with torch.no_grad():
        for token in tokens:
            part, state = model(token[None], state)
            logits.append(part)
    return torch.cat(logits), state
