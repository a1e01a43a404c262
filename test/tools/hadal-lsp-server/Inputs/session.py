"""A session of an editor with hadal-lsp-server: opens a model with an error, reads the diagnostic, completes a name.

usage: session.py SERVER
"""
import json
import subprocess
import sys

MODEL = """hadal.model @bigrams(%window: tensor<?x?xi32>) {
  %tokens = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %tokens "model.embed_tokens.weight" {vocabulary = 0} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %loss = hadal.cross_entropy %x, %tokens "lm_head.weight" {vocabulary = 256} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%loss)
}
"""
DOCUMENT = {"uri": "file:///model.mlir"}

server = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def send(method, parameters, number=None):
    message = {"jsonrpc": "2.0", "method": method, "params": parameters}
    if number is not None:
        message["id"] = number
    body = json.dumps(message).encode()
    server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    server.stdin.flush()


def receive(wanted):
    """The next message that `wanted` accepts."""
    while True:
        length = 0
        while line := server.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        assert length, "the server closed its output"
        message = json.loads(server.stdout.read(length))
        if wanted(message):
            return message


def complete(line, character, wanted):
    """Those of the wanted labels that the server offers."""
    send("textDocument/completion", {"textDocument": DOCUMENT, "position": {"line": line, "character": character}}, 2)
    items = receive(lambda message: message.get("id") == 2)["result"]["items"]
    return sorted(wanted & {item["label"] for item in items})


send("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, 0)
capabilities = receive(lambda message: message.get("id") == 0)["result"]["capabilities"]
print("completion:", "completionProvider" in capabilities)

send("textDocument/didOpen", {"textDocument": {**DOCUMENT, "languageId": "mlir", "version": 1, "text": MODEL}})
published = receive(lambda message: message.get("method") == "textDocument/publishDiagnostics")
for diagnostic in published["params"]["diagnostics"]:
    print(f"line {diagnostic['range']['start']['line'] + 1}: {diagnostic['message']}")

fixed = {"textDocument": {**DOCUMENT, "version": 2},
         "contentChanges": [{"text": MODEL.replace("vocabulary = 0", "vocabulary = 256")}]}
send("textDocument/didChange", fixed)
published = receive(lambda message: message.get("method") == "textDocument/publishDiagnostics")
print("diagnostics after the correction:", len(published["params"]["diagnostics"]))

send("textDocument/definition", {"textDocument": DOCUMENT, "position": {"line": 2, "character": 24}}, 1)
definition = receive(lambda message: message.get("id") == 1)["result"]
print("defined in line", definition[0]["range"]["start"]["line"] + 1)

# Somebody writes a further operation.
typing = MODEL.split("  hadal.losses")[0] + "  %n = hadal."
send("textDocument/didChange", {"textDocument": {**DOCUMENT, "version": 3}, "contentChanges": [{"text": typing}]})
print("completes operations:", *complete(4, 13, {"rms_norm", "linear", "mla_attention"}))
print("completes values:", *complete(2, 25, {"%window", "%tokens"}))

send("shutdown", None, 3)
receive(lambda message: message.get("id") == 3)
send("exit", None)
print("exit:", server.wait(timeout=20))
