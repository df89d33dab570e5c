"""Outputs of one encoder, one ViT and one decoder block in PyTorch, as JSON: the other side of torch_test.go.

Weights and inputs are sines of their index, so that only the outputs need to be kept.
"""
import json
import math

import torch
import torch.nn.functional as F

TOKENS, HIDDEN, HEADS, KV_HEADS, FFN = 6, 16, 4, 2, 24
DIM = HIDDEN // HEADS


def sines(seed, *shape):
    n = math.prod(shape)
    v = [0.4 * math.sin(0.7 * i + 1.3 * seed) for i in range(n)]
    return torch.tensor(v, dtype=torch.float64).to(torch.float32).reshape(shape)


X = sines(0, 1, TOKENS, HIDDEN) * 3


def library_block(norm_first):
    """torch.nn.TransformerEncoderLayer with weights numbered as the Go side lists them (there in x out, here out x in)."""
    layer = torch.nn.TransformerEncoderLayer(HIDDEN, HEADS, FFN, dropout=0.0, activation="gelu",
                                             layer_norm_eps=1e-12, batch_first=True, norm_first=norm_first)
    layer.train()  # the fast path of eval() is another implementation; dropout is 0
    with torch.no_grad():
        for i, p in enumerate([layer.self_attn.in_proj_weight, layer.self_attn.in_proj_bias,
                               layer.self_attn.out_proj.weight, layer.self_attn.out_proj.bias,
                               layer.norm1.weight, layer.norm1.bias, layer.linear1.weight, layer.linear1.bias,
                               layer.linear2.weight, layer.linear2.bias, layer.norm2.weight, layer.norm2.bias]):
            p.copy_(sines(i + 1, p.shape[1], p.shape[0]).T if p.dim() == 2 else sines(i + 1, *p.shape))
        return layer(X)


def rms(x, gain):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * gain


def rotate(x):
    """Rotary positions as complex products, Meta's formulation."""
    freqs = 1.0 / (10000.0 ** (torch.arange(0, DIM, 2).float() / DIM))
    turn = torch.polar(torch.ones(TOKENS, DIM // 2), torch.outer(torch.arange(TOKENS).float(), freqs))
    z = torch.view_as_complex(x.reshape(1, TOKENS, -1, DIM // 2, 2)) * turn[None, :, None, :]
    return torch.view_as_real(z).flatten(3)


def llama_block():
    width = HIDDEN + 2 * KV_HEADS * DIM
    norm1, qkv, out = sines(1, HIDDEN), sines(2, HIDDEN, width), sines(3, HIDDEN, HIDDEN)
    norm2, gate, up, down = sines(4, HIDDEN), sines(5, HIDDEN, FFN), sines(6, HIDDEN, FFN), sines(7, FFN, HIDDEN)
    q, k, v = (rms(X, norm1) @ qkv).split([HIDDEN, KV_HEADS * DIM, KV_HEADS * DIM], -1)
    q, k = rotate(q.reshape(1, TOKENS, HEADS, DIM)), rotate(k.reshape(1, TOKENS, KV_HEADS, DIM))
    k, v = (t.reshape(1, TOKENS, KV_HEADS, DIM).repeat_interleave(HEADS // KV_HEADS, 2) for t in (k, v))
    q, k, v = (t.transpose(1, 2) for t in (q, k, v))
    s = q @ k.transpose(2, 3) / math.sqrt(DIM) + torch.full((TOKENS, TOKENS), float("-inf")).triu(1)
    x = X + (s.softmax(-1) @ v).transpose(1, 2).reshape(1, TOKENS, HIDDEN) @ out
    y = rms(x, norm2)
    return x + (F.silu(y @ gate) * (y @ up)) @ down


blocks = {"encoder": library_block(False), "vit": library_block(True), "decoder": llama_block()}
print(json.dumps({"torch": torch.__version__, **{k: [float(f"{v:.7g}") for v in t.flatten().tolist()] for k, t in blocks.items()}}))
