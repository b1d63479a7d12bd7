"""`python -m paybridge.bank`: the bank simulator."""

import typer

from paybridge.bank.program import bank_command

if __name__ == "__main__":
    typer.run(bank_command)
