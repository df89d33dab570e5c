"""Writes testdata/bert: a small BERT with random weights in Hugging Face's layout, the same as ONNX, and what it answers.

The module tree has Hugging Face's names, so the files look like those that people have.
"""
import json
import math
import os
import struct

import torch
from torch import nn

HIDDEN, LAYERS, HEADS, FFN, VOCABULARY, TOKENS, CLASSES = 16, 2, 4, 24, 20, 12, 3
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bert")


def tree(**parts):
    m = nn.Module()
    for name, part in parts.items():
        m.add_module(name, part)
    return m


def dense(i, o):
    return nn.Linear(i, o)


def norm():
    return nn.LayerNorm(HIDDEN, eps=1e-12)


def block():
    return tree(attention=tree(self=tree(query=dense(HIDDEN, HIDDEN), key=dense(HIDDEN, HIDDEN), value=dense(HIDDEN, HIDDEN)),
                               output=tree(dense=dense(HIDDEN, HIDDEN), LayerNorm=norm())),
                intermediate=tree(dense=dense(HIDDEN, FFN)), output=tree(dense=dense(FFN, HIDDEN), LayerNorm=norm()))


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        embeddings = tree(word_embeddings=nn.Embedding(VOCABULARY, HIDDEN), position_embeddings=nn.Embedding(TOKENS, HIDDEN),
                          token_type_embeddings=nn.Embedding(2, HIDDEN), LayerNorm=norm())
        embeddings.register_buffer("position_ids", torch.arange(TOKENS)[None])
        self.bert = tree(embeddings=embeddings, encoder=tree(layer=nn.ModuleList(block() for _ in range(LAYERS))),
                         pooler=tree(dense=dense(HIDDEN, HIDDEN)))
        self.classifier = dense(HIDDEN, CLASSES)

    def forward(self, input_ids, attention_mask):
        e = self.bert.embeddings
        n = input_ids.shape[1]
        x = e.word_embeddings(input_ids) + e.position_embeddings(e.position_ids[:, :n]) + e.token_type_embeddings(torch.zeros_like(input_ids))
        x = e.LayerNorm(x)
        hidden = (1.0 - attention_mask[:, None, None, :].float()) * -1e9
        heads = lambda t: t.reshape(t.shape[0], t.shape[1], HEADS, HIDDEN // HEADS).transpose(1, 2)
        for b in self.bert.encoder.layer:
            a = getattr(b.attention, "self")
            q, k, v = heads(a.query(x)), heads(a.key(x)), heads(a.value(x))
            p = (q @ k.transpose(2, 3) / math.sqrt(HIDDEN // HEADS) + hidden).softmax(-1)
            c = (p @ v).transpose(1, 2).reshape(x.shape)
            x = b.attention.output.LayerNorm(b.attention.output.dense(c) + x)
            x = b.output.LayerNorm(b.output.dense(nn.functional.gelu(b.intermediate.dense(x))) + x)
        return self.classifier(torch.tanh(self.bert.pooler.dense(x[:, 0])))


def safetensors(path, tensors):
    header, data = {}, b""
    for name, t in tensors.items():
        raw = t.contiguous().numpy().tobytes()
        header[name] = {"dtype": {torch.float32: "F32", torch.int64: "I64"}[t.dtype], "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


torch.manual_seed(1)
model = Classifier().eval()
with torch.no_grad():
    for p in model.parameters():  # larger than fresh weights, so that every part matters
        p.copy_(p * 2 + 0.1 * torch.randn_like(p))
ids = torch.tensor([[2, 7, 11, 5, 9, 3, 0, 0], [2, 19, 4, 18, 6, 12, 13, 3]])
lengths = [6, 8]
mask = torch.tensor([[1 if i < n else 0 for i in range(ids.shape[1])] for n in lengths])
os.makedirs(HERE, exist_ok=True)
safetensors(os.path.join(HERE, "model.safetensors"), model.state_dict())
torch.onnx.export(model, (ids, mask), os.path.join(HERE, "model.onnx"), input_names=["input_ids", "attention_mask"], output_names=["logits"],
                  dynamic_axes={"input_ids": {0: "batch", 1: "tokens"}, "attention_mask": {0: "batch", 1: "tokens"}}, opset_version=13)
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "film", "was", "good", "bad", "un", "##good", "##s", "a", ".", ",", "!", "not", "very", "so"]
special = [{"id": i, "content": w, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} for i, w in enumerate(words[:5])]
files = {
    "config.json": {"architectures": ["BertForSequenceClassification"], "model_type": "bert", "hidden_size": HIDDEN, "num_hidden_layers": LAYERS,
                    "num_attention_heads": HEADS, "intermediate_size": FFN, "vocab_size": VOCABULARY, "max_position_embeddings": TOKENS,
                    "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-12, "position_embedding_type": "absolute"},
    "tokenizer.json": {"version": "1.0", "added_tokens": special,
                       "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
                       "pre_tokenizer": {"type": "BertPreTokenizer"},
                       "post_processor": {"type": "TemplateProcessing",
                                          "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
                                          "pair": [], "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}, "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
                       "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
                       "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": {w: i for i, w in enumerate(words)}}},
    "answer.json": {"ids": ids.flatten().tolist(), "lengths": lengths, "logits": [float(f"{v:.7g}") for v in model(ids, mask).flatten().tolist()]},
}
for name, content in files.items():
    with open(os.path.join(HERE, name), "w") as f:
        json.dump(content, f, indent=1)
