"""The opponent's model: a DeepSeek-V3-shaped language model with MTP, written for speed in PyTorch on CPUs.

It computes the losses that test/fixtures/README.md defines. What makes it fast, each measured against its alternatives
on the benchmark's shape:

* every token that an expert serves is gathered once (sort by expert), the experts' products run over slices of that, and
  the results are gathered back and summed in top-k order: no scatter, no index_add, no mask per expert. The products
  come in three forms, since which is fastest depends on the machine: a loop of dense products, whose weights are
  parameters of their own, so that no gradient is written into a slice of a large tensor; torch's grouped products;
  batched products of slices that are padded to the longest;
* gate and up projection are one product;
* attention is scaled_dot_product_attention with is_causal, values padded to the queries' width: as fast as without, and
  the fused kernel that PyTorch then takes needs 0.4 GB less;
* the head and its cross entropy go over chunks of tokens and compute both gradients in the forward pass.

It runs in float32, under autocast to bf16, or with bf16 weights. Then factors of products are bf16; logits, losses and
the router stay float32.
"""
import torch
import torch.nn.functional as F
from torch import nn


class LinearCrossEntropy(torch.autograd.Function):
    """Mean cross entropy of `hidden @ weight.T`, by chunks of tokens; keeps gradients instead of logits. Factors of the
    products are `factor`s, logits and their gradient are float32."""

    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=None)
    def forward(ctx, hidden, weight, targets, chunk, factor):
        with torch.autocast("cpu", enabled=False):
            return LinearCrossEntropy.compute(ctx, hidden, weight, targets, chunk, factor)

    @staticmethod
    def compute(ctx, hidden, weight, targets, chunk, factor):
        hidden_gradient = torch.empty_like(hidden)
        weight_gradient = torch.zeros_like(weight, dtype=torch.float32)
        total = hidden.new_zeros((), dtype=torch.float32)
        ctx.types = hidden.dtype, weight.dtype
        hidden, weight = hidden.to(factor), weight.to(factor)
        for start in range(0, len(hidden), chunk):
            rows = slice(start, start + chunk)
            logits = (hidden[rows] @ weight.T).float()
            target = targets[rows, None]
            maximum = logits.amax(-1, keepdim=True)
            picked = logits.gather(1, target) - maximum
            logits.sub_(maximum).exp_()
            sums = logits.sum(-1, keepdim=True)
            total += (sums.log() - picked).sum()
            gradient = logits.div_(sums * len(hidden))
            gradient.scatter_add_(1, target, gradient.new_full(target.shape, -1 / len(hidden)))
            if factor == torch.float32:
                torch.mm(gradient, weight, out=hidden_gradient[rows])
                weight_gradient.addmm_(gradient.T, hidden[rows])
            else:
                gradient = gradient.to(factor)
                hidden_gradient[rows] = gradient @ weight
                weight_gradient += gradient.T @ hidden[rows]
        ctx.save_for_backward(hidden_gradient, weight_gradient)
        return total / len(hidden)

    @staticmethod
    def backward(ctx, scale):
        hidden_gradient, weight_gradient = ctx.saved_tensors
        hidden_type, weight_type = ctx.types
        return ((hidden_gradient * scale).to(hidden_type), (weight_gradient * scale).to(weight_type), None, None, None)


class RMSNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, self.eps)


def linear(inputs, outputs):
    return nn.Linear(inputs, outputs, bias=False)


def rotate(x, cos, sin):
    """Interleaved rotary embedding of [batch, T, heads, dim]; cos and sin are [T, 1, dim / 2]."""
    even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Attention(nn.Module):
    """Multi-head latent attention with compressed queries, in its plain (training) form."""

    # Whether values are padded to the queries' width: what is faster depends on the device.
    pad_values = True

    def __init__(self, c):
        super().__init__()
        self.heads, self.nope, self.rope, self.value = (c["num_attention_heads"], c["qk_nope_head_dim"],
                                                        c["qk_rope_head_dim"], c["v_head_dim"])
        self.latent = c["kv_lora_rank"]
        hidden, eps = c["hidden_size"], c["rms_norm_eps"]
        self.q_a_proj = linear(hidden, c["q_lora_rank"])
        self.q_a_layernorm = RMSNorm(c["q_lora_rank"], eps)
        self.q_b_proj = linear(c["q_lora_rank"], self.heads * (self.nope + self.rope))
        self.kv_a_proj_with_mqa = linear(hidden, self.latent + self.rope)
        self.kv_a_layernorm = RMSNorm(self.latent, eps)
        self.kv_b_proj = linear(self.latent, self.heads * (self.nope + self.value))
        self.o_proj = linear(self.heads * self.value, hidden)

    def forward(self, x, cos, sin):
        batch, length, _ = x.shape
        q = self.q_b_proj(self.q_a_layernorm(self.q_a_proj(x))).view(batch, length, self.heads, -1)
        q_nope, q_rope = q.split((self.nope, self.rope), -1)
        latent, k_rope = self.kv_a_proj_with_mqa(x).split((self.latent, self.rope), -1)
        kv = self.kv_b_proj(self.kv_a_layernorm(latent)).view(batch, length, self.heads, -1)
        k_nope, v = kv.split((self.nope, self.value), -1)
        k_rope = rotate(k_rope[:, :, None], cos, sin).expand(-1, -1, self.heads, -1)
        q = torch.cat((q_nope, rotate(q_rope, cos, sin)), -1).transpose(1, 2)
        k = torch.cat((k_nope, k_rope), -1).transpose(1, 2)
        if self.pad_values:
            v = F.pad(v, (0, self.nope + self.rope - self.value))
        out = F.scaled_dot_product_attention(q, k, v.transpose(1, 2), is_causal=True)[..., :self.value]
        return self.o_proj(out.transpose(1, 2).reshape(batch, length, -1))


class GatedMLP(nn.Module):
    def __init__(self, hidden, width):
        super().__init__()
        self.gate_up_proj = linear(hidden, 2 * width)
        self.down_proj = linear(width, hidden)

    def forward(self, x):
        gate, up = self.gate_up_proj(x).chunk(2, -1)
        return self.down_proj(F.silu(gate) * up)


class StackedExperts(nn.Module):
    """All experts' weights in two parameters. `forward` takes rows in the order of their experts and the experts'
    loads."""

    def __init__(self, c, form):
        super().__init__()
        experts, hidden, width = c["n_routed_experts"], c["hidden_size"], c["moe_intermediate_size"]
        self.gate_up_proj = nn.Parameter(torch.empty(experts, 2 * width, hidden))
        self.down_proj = nn.Parameter(torch.empty(experts, hidden, width))
        self.products = self.grouped if form == "grouped" else self.batched

    def grouped(self, rows, load, product):
        offsets = load.cumsum(0, dtype=torch.int32)
        return product(rows, lambda x, weight: F.grouped_mm(x, weight.transpose(-2, -1), offs=offsets))

    def batched(self, rows, load, product):
        longest = int(load.max())
        starts = load.cumsum(0) - load
        places = (torch.arange(len(rows)) - starts.repeat_interleave(load)
                  + longest * torch.arange(len(load)).repeat_interleave(load))
        padded = rows.new_zeros(len(load) * longest, rows.shape[-1]).index_copy(0, places, rows)
        served = product(padded.view(len(load), longest, -1), lambda x, weight: x @ weight.transpose(-2, -1))
        return served.flatten(0, 1).index_select(0, places)

    def forward(self, rows, load):
        def gated(x, multiply):
            gate, up = multiply(x, self.gate_up_proj.to(x.dtype)).chunk(2, -1)
            return multiply(F.silu(gate) * up, self.down_proj.to(x.dtype))

        return self.products(rows, load, gated)


class Router(nn.Module):
    """Sigmoid scores, group-limited selection with bias; also the sequence-wise balance loss and the load."""

    def __init__(self, c):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(c["n_routed_experts"], c["hidden_size"]))
        self.register_buffer("e_score_correction_bias", torch.zeros(c["n_routed_experts"]))
        self.groups, self.kept, self.k = c["n_group"], c["topk_group"], c["num_experts_per_tok"]
        self.scale = c["routed_scaling_factor"]

    def forward(self, x):
        experts = len(self.weight)
        with torch.autocast(x.device.type, enabled=False):
            scores = F.linear(x.float(), self.weight.float()).sigmoid()  # [batch, T, experts]
        with torch.no_grad():
            choice = (scores + self.e_score_correction_bias).unflatten(-1, (self.groups, -1))
            kept = choice.topk(2).values.sum(-1).topk(self.kept).indices
            mask = choice.new_full(choice.shape[:-1], float("-inf")).scatter_(-1, kept, 0.0)
            chosen = (choice + mask[..., None]).flatten(-2).topk(self.k).indices
            plain = torch.zeros_like(scores).scatter_(-1, scores.topk(self.k).indices, 1.0)
            frequency = plain.sum(1) * (experts / (self.k * x.shape[1]))
        weights = scores.gather(-1, chosen)
        weights = weights * (self.scale / (weights.sum(-1, keepdim=True) + 1e-20))
        probability = (scores / scores.sum(-1, keepdim=True)).mean(1)
        return chosen, weights, (frequency * probability).sum(-1).mean()


class MoE(nn.Module):
    """Dropless mixture of experts beside the shared experts; `forward` returns the output and the balance loss."""

    def __init__(self, c):
        super().__init__()
        width = c["moe_intermediate_size"]
        self.gate = Router(c)
        form = c.get("experts_form", "loop")
        if form == "loop":
            self.experts = nn.ModuleList(GatedMLP(c["hidden_size"], width) for _ in range(c["n_routed_experts"]))
        else:
            self.stacked = StackedExperts(c, form)
        self.factor = c.get("factor", torch.float32)
        self.shared_experts = GatedMLP(c["hidden_size"], width * c["n_shared_experts"])
        self.load = None

    def forward(self, x):
        chosen, weights, balance = self.gate(x)
        rows = x.flatten(0, 1).to(self.factor)
        k = chosen.shape[-1]
        order = chosen.flatten().argsort(stable=True)
        self.load = torch.bincount(chosen.flatten(), minlength=self.gate.weight.shape[0])
        sorted_rows = rows.index_select(0, order // k)
        if hasattr(self, "stacked"):
            served = self.stacked(sorted_rows, self.load)
        else:
            slices = sorted_rows.split(self.load.tolist())
            served = torch.cat([expert(part) for expert, part in zip(self.experts, slices)])
        place = torch.empty_like(order).scatter_(0, order, torch.arange(len(order)))
        routed = torch.bmm(weights.view(-1, 1, k).to(served.dtype),
                           served.index_select(0, place).view(-1, k, rows.shape[-1]))
        return routed.view_as(x) + self.shared_experts(x), balance

    @torch.no_grad()
    def update_bias(self, rate):
        load = self.load.float()
        self.gate.e_score_correction_bias += rate * torch.sign(load.mean() - load)


class Block(nn.Module):
    def __init__(self, c, dense):
        super().__init__()
        hidden = c["hidden_size"]
        self.dense = dense
        self.self_attn = Attention(c)
        self.mlp = GatedMLP(hidden, c["intermediate_size"]) if dense else MoE(c)
        self.input_layernorm = RMSNorm(hidden, c["rms_norm_eps"])
        self.post_attention_layernorm = RMSNorm(hidden, c["rms_norm_eps"])

    def attend(self, x, cos, sin):
        return x + self.self_attn(self.input_layernorm(x), cos, sin)

    def forward(self, x, cos, sin):
        x = self.attend(x, cos, sin)
        out = self.mlp(self.post_attention_layernorm(x))
        return (x + out, 0.0) if self.dense else (x + out[0], out[1])


class MTP(Block):
    """One multi-token prediction depth: merge, one block, its own final norm; embedding and head are the model's."""

    def __init__(self, c, dense):
        super().__init__(c, dense)
        hidden, eps = c["hidden_size"], c["rms_norm_eps"]
        self.enorm, self.hnorm, self.shared_head_norm = (RMSNorm(hidden, eps) for _ in range(3))
        self.eh_proj = linear(2 * hidden, hidden)

    def merge(self, embedded, previous):
        return self.eh_proj(torch.cat((self.enorm(embedded), self.hnorm(previous)), -1))


class Model(nn.Module):
    def __init__(self, c, chunk):
        super().__init__()
        self.config, self.chunk = c, chunk
        layers = c["num_hidden_layers"]
        self.embed_tokens = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.layers = nn.ModuleList(Block(c, layer < c["first_k_dense_replace"]) for layer in range(layers))
        self.norm = RMSNorm(c["hidden_size"], c["rms_norm_eps"])
        self.lm_head = linear(c["hidden_size"], c["vocab_size"])
        self.mtp = nn.ModuleList(MTP(c, layers + depth < c["first_k_dense_replace"])
                                 for depth in range(c["num_nextn_predict_layers"]))

    def rotary(self, length):
        dim, where = self.config["qk_rope_head_dim"], {"dtype": torch.float64, "device": self.lm_head.weight.device}
        frequency = self.config["rope_theta"] ** (-torch.arange(0, dim, 2, **where) / dim)
        angle = torch.arange(length, **where)[:, None] * frequency
        type = self.lm_head.weight.dtype
        return angle.cos().to(type)[:, None], angle.sin().to(type)[:, None]

    def head_loss(self, hidden, targets):
        hidden, targets = hidden.flatten(0, 1), targets.flatten()
        if self.chunk:
            factor = self.config.get("factor", torch.float32)
            return LinearCrossEntropy.apply(hidden, self.lm_head.weight, targets, self.chunk, factor)
        return F.cross_entropy(self.lm_head(hidden).float(), targets)

    def forward(self, tokens, mtp_weight, balance_weight):
        """loss, loss.main, loss.mtp, loss.balance of a window of T + 1 + D tokens per sequence."""
        depths = len(self.mtp)
        length = tokens.shape[1] - 1 - depths
        cos, sin = self.rotary(length)
        x, balance = self.embed_tokens(tokens[:, :length]), 0.0
        for layer in self.layers:
            x, part = layer(x, cos, sin)
            balance = balance + part
        hidden = self.norm(x)
        main = self.head_loss(hidden, tokens[:, 1:1 + length])
        mtp = 0.0
        for depth, block in enumerate(self.mtp, start=1):
            merged = block.merge(self.embed_tokens(tokens[:, depth:depth + length]), hidden)
            x, part = block(merged, cos, sin)
            balance = balance + part
            hidden = block.shared_head_norm(x)
            mtp = mtp + self.head_loss(hidden, tokens[:, 1 + depth:1 + depth + length]) / depths
        return main + mtp_weight * mtp + balance_weight * balance, main, mtp, balance
