"""Conversations, shared prefixes, echoes and interrupts of `generate`: check_chat.py PROGRAM WEIGHTS FOLDER

WEIGHTS has the small tokenizer of V3's form and no chat template.
"""
import fcntl
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import subprocess
import sys
import time

program, folder = sys.argv[1], pathlib.Path(sys.argv[3])
weights = folder / "model"
shutil.copytree(sys.argv[2], weights)
(weights / "chat_template.jinja").write_text(
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}{% elif m.role == 'user' %}<｜User｜>{{ m.content }}"
    "{% elif m.role == 'assistant' %}<｜Assistant｜>{{ m.content }}{{ eos_token }}{% elif m.role == 'critic' %}"
    "{{ raise_exception('critics are not heard') }}{% endif %}{% endfor %}{% if add_generation_prompt %}<｜Assistant｜>{% endif %}")
SYSTEM = "In the beginning God created the heaven and the earth. " * 2
WARM = ["--temperature", "0.9", "--seed", "11"]


def run(*options, given=None, code=0):
    result = subprocess.run([program, "--load", weights, "--stats", "json", *map(str, options)], input=given, capture_output=True, text=True)
    assert result.returncode == code, (options, result.returncode, result.stderr)
    return result


def statistics(result):
    return json.loads(next(line for line in result.stderr.splitlines() if line.startswith('{"sequences"')))


def continued(lines, *options):
    """The lines of the output, and the statistics."""
    path = folder / "prompts.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = run("--prompts", path, *options)
    return [json.loads(line) for line in result.stdout.splitlines()], statistics(result)


def messages(*contents):
    turns = [{"role": role, "content": content} for role, content in zip(("user", "assistant") * len(contents), contents)]
    return {"messages": [{"role": "system", "content": SYSTEM}, *turns]}


# A prompt is what a user says.
at_once = continued([messages("And God said")], "--max-tokens", 20)[0][0]
assert run("--chat", "--system", SYSTEM, "--prompt", "And God said", "--max-tokens", 20).stdout == at_once["text"] + "\n"
assert at_once != continued([{"prompt": "And God said"}], "--max-tokens", 20)[0][0]
refused = run("--chat", "--prompts", folder / "prompts.jsonl", "--tokenizer", sys.argv[2], code=1).stderr
assert "prompts.jsonl:1: " in refused and "has no chat template" in refused, refused
(folder / "critic.jsonl").write_text(json.dumps({"messages": [{"role": "critic", "content": "a"}]}))
assert "critic.jsonl:1: " in (refused := run("--prompts", folder / "critic.jsonl", code=1).stderr) and "critics are not heard" in refused

# Turns: the same text as the whole conversation given at once, and little of it read again.
for sampling in ([], WARM):
    said = ["And God said", "the waters", "And"]
    talk = run("--chat", "--system", SYSTEM, "--interactive", "--max-tokens", 20, *sampling, given="\n".join(said))
    contents, expected = [], ""
    for one in said:
        contents.append(one)
        answer = continued([messages(*contents)], "--max-tokens", 20, "--no-shared-prefixes", *sampling)[0][0]["text"]
        contents.append(answer)
        expected += answer + "\n"
    assert talk.stdout == expected, (talk.stdout, expected)
    assert statistics(talk)["shared_prompt_tokens"] >= 128, statistics(talk)
# Without a conversation every line is a prompt.
lone = continued([{"prompt": "the waters"}], "--max-tokens", 9)[0][0]["text"] + "\n"
assert run("--interactive", "--max-tokens", 9, given="the waters\n\nthe waters\n").stdout == lone * 2

# Prompts that begin alike, and samples: the same bits when every one is read by itself. How much is drafted depends on
# time, and stands in the file of logits.
begin = SYSTEM * 2
lines = [{"prompt": begin + end, "max_tokens": 12} for end in ("", "And God", "And the", "And God saw the light")] + [{"prompt": "the"}]
bits = []
for options in ([], ["--page-seed", 5], ["--no-shared-prefixes"]):
    logits = folder / "logits"
    got, counted = continued(lines, "--samples", 2, "--max-tokens", 12, *WARM, "--speculate", 0, "--logits", logits, *options)
    bits.append((got, logits.read_bytes()))
    assert (counted["shared_prompt_tokens"] == 0) == (options == ["--no-shared-prefixes"]), counted
    assert counted["prompt_tokens"] > 3 * counted["shared_prompt_tokens"] // 2, counted
assert bits[0] == bits[1] == bits[2]

# An echo, and the scores of the prompt: those of each token behind the prompt up to it.
assert run("--prompt", "And God said", "--echo", "--max-tokens", 5).stdout == "And God said" + run(
    "--prompt", "And God said", "--max-tokens", 5).stdout
tokens = at_once["tokens"][:8]
echoed = continued([{"prompt": tokens}], "--echo", "--top-logprobs", 3, "--max-tokens", 2)[0][0]
assert echoed["tokens"][:8] == tokens and echoed["prompt_tokens"] == 8 and len(echoed["tokens"]) == 10
assert echoed["logprobs"][0] is None and echoed["top_logprobs"][0] is None and len(echoed["logprobs"]) == 10
prefixes = continued([{"prompt": tokens[:end]} for end in range(1, 9)], "--top-logprobs", 700, "--max-tokens", 1)[0]
for token, logprob, best, behind in zip(echoed["tokens"][1:], echoed["logprobs"][1:], echoed["top_logprobs"][1:], prefixes):
    assert best == behind["top_logprobs"][0][:3]
    assert {"token": token, "logprob": logprob} in behind["top_logprobs"][0]
# Pages that another prompt has read say nothing of their rows.
both = continued([{"prompt": begin}] * 2, "--echo", "--top-logprobs", 1, "--max-tokens", 1)[0]
assert both[0] == both[1] and len(both[0]["tokens"]) == len(both[0]["logprobs"]) == both[0]["prompt_tokens"] + 1


class Stream:
    """A run whose output nobody reads: it gets no further than a token or two, which lie in a pipe of a single place."""

    def __init__(self, *options):
        self.read, write = os.pipe2(os.O_DIRECT)
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
        self.process = subprocess.Popen([program, "--load", weights, "--stats", "json", "--ignore-eos", *map(str, options)], stdin=subprocess.PIPE,
                                        stdout=write, stderr=subprocess.PIPE, text=True)
        os.close(write)

    def line(self):
        """What comes up to the end of a line."""
        text = b""
        while not text.endswith(b"\n"):
            part = os.read(self.read, 4096)
            assert part, (text, self.process.stderr.read())
            text += part
        return text.decode()

    def begun(self):
        part = os.read(self.read, 4096).decode()
        time.sleep(0.1)  # it writes the second token, or waits with the third
        return part

    def end(self):
        errors = self.process.communicate(timeout=60)[1]
        return self.process.returncode, errors


whole = run("--prompt", "And God said", "--ignore-eos", "--max-tokens", 150).stdout
# The first interrupt ends the text, and the run.
one = Stream("--prompt", "And God said", "--max-tokens", 150)
text = one.begun()
one.process.send_signal(signal.SIGINT)
text += one.line()
code, errors = one.end()
assert code == 3 and '"finish_reason":"interrupted"' in errors, (code, errors)
assert whole.startswith(text[:-1]) and 0 < len(text) < len(whole), text
# Twice ends it at once.
two = Stream("--prompt", "And God said", "--max-tokens", 150)
two.begun()
two.process.send_signal(signal.SIGINT)
time.sleep(0.1)
two.process.send_signal(signal.SIGINT)
assert two.end()[0] == -signal.SIGINT
# In a conversation it ends a text, and the next turn follows; where nothing is written it ends the program.
talk = Stream("--interactive", "--max-tokens", 150)
talk.process.stdin.write("And God said\n")
talk.process.stdin.flush()
text = talk.begun()
talk.process.send_signal(signal.SIGINT)
text += talk.line()
assert whole.startswith(text[:-1]) and len(text) < len(whole), text
talk.process.stdin.write("And God said\n")
talk.process.stdin.flush()
assert talk.line() == whole
while True:  # the end of a text may forgive it
    talk.process.send_signal(signal.SIGINT)
    try:
        assert talk.process.wait(timeout=5) == 3
        break
    except subprocess.TimeoutExpired:
        pass
# At a terminal a mark asks for turns, and one that cannot be read is dropped.
terminal, side = pty.openpty()
typed = subprocess.Popen([program, "--load", weights, "--interactive", "--ignore-eos", "--max-tokens", "150"], stdin=side, stdout=subprocess.PIPE, stderr=side)
os.close(side)
os.write(terminal, ("x" * 400 + "\nAnd God said\n\x04").encode())
assert typed.communicate(timeout=60)[0].decode() == whole and typed.returncode == 0
shown = b""
while select.select([terminal], [], [], 1)[0]:
    try:
        shown += os.read(terminal, 4096)
    except OSError:  # nobody is at the other side any more
        break
shown = shown.decode()
assert shown.count("> ") == 3 and shown.count("error: turn 1: the prompt has 4") == 1 and "(ended by its length)" in shown, shown
# What many prompts have become so far is written.
lines = [{"id": i, "prompt": "And God said" + " light" * (i % 7)} for i in range(3000)]
(folder / "many.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
many = subprocess.Popen([program, "--load", weights, "--prompts", folder / "many.jsonl", "-o", folder / "many.out", "--ignore-eos", "--max-tokens", "20"],
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
while sum(map(int, pathlib.Path(f"/proc/{many.pid}/stat").read_text().rsplit(")")[1].split()[11:13])) < 100:
    time.sleep(0.02)
many.send_signal(signal.SIGINT)
errors = many.communicate(timeout=60)[1]
assert many.returncode == 3 and "texts are not complete" in errors, (many.returncode, errors)
got = [json.loads(line) for line in (folder / "many.out").read_text().splitlines()]
assert [line["id"] for line in got] == list(range(3000))
reasons = [line["finish_reason"] for line in got]
assert reasons[0] == "length" and reasons[-1] == "interrupted" and set(reasons) == {"length", "interrupted"} and not got[-1]["tokens"], reasons
