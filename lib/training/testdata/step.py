"""Trains BERT-shaped encoders in PyTorch, one thread, as lib/training's BenchmarkStep does: same shapes, dropout 0.1, AdamW
with decoupled decay, clipping at norm 1. Arguments: layers hidden heads ffn tokens vocabulary batch seconds.
Prints examples a second, examples a second of processor time, the peak resident memory in bytes, and the BLAS library."""
import os, resource, sys, time
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
import torch
from torch import nn

layers, hidden, heads, ffn, tokens, vocabulary, batch, seconds = map(int, sys.argv[1:])
torch.set_num_threads(1)
torch.manual_seed(1)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.token, self.position = nn.Embedding(vocabulary, hidden), nn.Embedding(tokens, hidden)
        self.norm, self.dropout = nn.LayerNorm(hidden, 1e-12), nn.Dropout(0.1)
        block = nn.TransformerEncoderLayer(hidden, heads, ffn, 0.1, "gelu", 1e-12, batch_first=True)
        self.blocks = nn.TransformerEncoder(block, layers)
        self.pooler, self.classifier = nn.Linear(hidden, hidden), nn.Linear(hidden, 2)

    def forward(self, ids):
        x = self.token(ids) + self.position.weight[: ids.shape[1]]
        x = self.blocks(self.dropout(self.norm(x)), src_key_padding_mask=ids == 0)
        return self.classifier(self.dropout(torch.tanh(self.pooler(x[:, 0]))))


model = Encoder().train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01, eps=1e-6)
ids = torch.randint(5, vocabulary, (batch, tokens))
labels = torch.randint(0, 2, (batch,))


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = nn.functional.cross_entropy(model(ids), labels)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


for _ in range(3):
    step()
steps, start, processor = 0, time.perf_counter(), time.process_time()
while time.perf_counter() - start < seconds:
    step()
    steps += 1
done = batch * steps
blas = {line.split()[-1] for line in open("/proc/self/maps") if "blas" in line and ".so" in line}
print(done / (time.perf_counter() - start), done / (time.process_time() - processor),
      resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, ",".join(sorted(map(os.path.basename, blas))) or "none")
