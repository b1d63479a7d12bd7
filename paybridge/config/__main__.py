"""`python -m paybridge.config`: draws config.example.yaml and docs/configuration.md anew, in this folder."""

from pathlib import Path

from paybridge.config.load import known_options
from paybridge.config.reference import document, example

if __name__ == "__main__":
    rails = known_options()
    Path("config.example.yaml").write_text(example(rails), encoding="utf-8")
    Path("docs").mkdir(exist_ok=True)
    Path("docs/configuration.md").write_text(document(rails), encoding="utf-8")
