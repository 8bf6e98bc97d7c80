"""The one exception that means: the user can mend this."""


class UserError(Exception):
    """Something in the command, the config or a file is wrong; the message says what, where, and what is allowed.

    The command line prints the message without a traceback and exits with code 2.
    """
