import BoxCLI
import Glibc

// Not an async main: its runtime opens descriptors before the first line runs.
StandardDescriptors.openMissing()
Task.detached { await CLI.main() }
while true { pause() }
