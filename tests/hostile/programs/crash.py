# Crashes after it removed the limit that keeps the host from handling crashes.
# outcome: runtime_error
# stdout: (1, 1)
import os
import resource

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
print(resource.getrlimit(resource.RLIMIT_CORE), flush=True)
os.abort()
