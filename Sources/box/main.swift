import BoxCLI
import BoxSystem

// Not an async main: its runtime opens descriptors before the first line runs.
StandardDescriptors.openMissing()
CrashReport.leaveOut()
let thread = MainThread()
Task.detached(executorPreference: thread) { await CLI.main() }
thread.run()
