"""Moves weights between the opponent's modules and a Hugging Face directory; makes a random one of the bench model.

The opponent keeps gate and up projection of an MLP in one matrix; in a checkpoint they are two.
"""
import json

import torch
from safetensors.torch import load_file, save_file

BENCH_CONFIG = {
    "architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3", "attention_bias": False,
    "attention_dropout": 0.0, "bos_token_id": 0, "eos_token_id": 1, "ep_size": 1, "first_k_dense_replace": 1,
    "hidden_act": "silu", "hidden_size": 512, "initializer_range": 0.02, "intermediate_size": 2048,
    "kv_lora_rank": 128, "max_position_embeddings": 4096, "moe_intermediate_size": 512, "moe_layer_freq": 1,
    "n_group": 4, "n_routed_experts": 16, "n_shared_experts": 1, "norm_topk_prob": True, "num_attention_heads": 8,
    "num_experts_per_tok": 4, "num_hidden_layers": 8, "num_key_value_heads": 8, "num_nextn_predict_layers": 1,
    "q_lora_rank": 192, "qk_nope_head_dim": 64, "qk_rope_head_dim": 32, "rms_norm_eps": 1e-06, "rope_scaling": None,
    "rope_theta": 10000, "routed_scaling_factor": 2.5, "scoring_func": "sigmoid", "tie_word_embeddings": False,
    "topk_group": 2, "topk_method": "noaux_tc", "torch_dtype": "float32", "use_cache": True, "v_head_dim": 64,
    "vocab_size": 8192,
}


def checkpoint_tensors(model):
    """{Hugging Face name: view of the model's tensor}."""
    layers = model.config["num_hidden_layers"]
    tensors = {}
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if name.startswith("mtp."):
            _, depth, rest = name.split(".", 2)
            name = f"layers.{layers + int(depth)}.{rest.replace('shared_head_norm', 'shared_head.norm')}"
        if not name.startswith("lm_head"):
            name = f"model.{name}"
        if ".stacked." in name:
            prefix, projection = name.split("stacked.")
            for expert, matrix in enumerate(tensor.data):
                parts = {projection: matrix}
                if projection == "gate_up_proj":
                    parts = dict(zip(("gate_proj", "up_proj"), matrix.chunk(2)))
                tensors.update({f"{prefix}experts.{expert}.{part}.weight": value for part, value in parts.items()})
        elif "gate_up_proj" in name:
            gate, up = tensor.data.chunk(2)
            tensors[name.replace("gate_up_proj", "gate_proj")] = gate
            tensors[name.replace("gate_up_proj", "up_proj")] = up
        else:
            tensors[name] = tensor.data
    return tensors


def load_weights(model, folder):
    given = {}
    for file in sorted(folder.glob("model*.safetensors")):
        given.update(load_file(file))
    own = checkpoint_tensors(model)
    if set(given) != set(own):
        raise SystemExit(f"error: {folder}: missing {sorted(set(own) - set(given))[:3]}, "
                         f"surplus {sorted(set(given) - set(own))[:3]}")
    for name, tensor in own.items():
        tensor.copy_(given[name])


def write_random(folder, model):
    """Writes config.json, model.safetensors and tokens.u16 (enough for any benchmark) with a fixed seed."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for name, tensor in checkpoint_tensors(model).items():
        if name.endswith("e_score_correction_bias"):
            tensors[name] = torch.zeros(tensor.shape)
        elif tensor.ndim == 1:
            tensors[name] = torch.ones(tensor.shape)
        else:
            tensors[name] = 0.02 * torch.randn(tensor.shape, generator=generator)
    (folder / "config.json").write_text(json.dumps(model.config, indent=2, sort_keys=True) + "\n")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    tokens = torch.randint(model.config["vocab_size"], (1 << 20,), generator=generator)
    (folder / "tokens.u16").write_bytes(tokens.numpy().astype("<u2").tobytes())
