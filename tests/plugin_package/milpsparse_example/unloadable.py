"""What has a dependency that is not installed."""

import a_module_that_nobody_has  # noqa: F401
