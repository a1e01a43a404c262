"""Changes a JSON file: edit.py FROM TO STATEMENTS, where d is its contents."""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    d = json.load(file)
exec(sys.argv[3])
with open(sys.argv[2], "w", encoding="utf-8") as file:
    json.dump(d, file)
