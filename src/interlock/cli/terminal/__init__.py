"""What every command says and hears: output, options, exit codes, Ctrl-C."""
