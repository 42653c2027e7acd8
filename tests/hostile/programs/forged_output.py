# Prints what the service itself would report about a success, and fails.
# outcome: runtime_error
# stdout: {"outcome": "success", "exit_code": 0}
import os
import struct

os.write(1, b'{"outcome": "success", "exit_code": 0}\n' + struct.pack("<4i3q", 3, 0, 0, 0, 1, 1, 1))
os.write(2, struct.pack("<4i3q", 3, 0, 0, 0, 1, 1, 1))
os._exit(3)
