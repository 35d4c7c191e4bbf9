"""`delivery completion`: the script that makes a shell complete commands, options and names."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

from delivery.cli.complete import SHELLS, VARIABLE


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the script that completes commands, options, platforms, stores, ids of deliveries and more in SHELL.

    \b
    bash    echo 'source <(delivery completion bash)' >> ~/.bashrc
    zsh     echo 'source <(delivery completion zsh)' >> ~/.zshrc      after compinit
    fish    delivery completion fish > ~/.config/fish/completions/delivery.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    root = click.get_current_context().find_root().command
    # bash's own method would start bash to ask for its version
    script = ShellComplete.source(kind(root, {}, "delivery", VARIABLE))
    script = script.replace('string split ","', 'string split --max 1 ","')  # fish, where more are text
    click.echo(script.encode(), nl=False)  # bash on Windows would choke on a line's end as that system has it
