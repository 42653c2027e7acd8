# Writes what init would report about a success to every possible descriptor, and fails.
# outcome: runtime_error
# stdout: failing
import json
import os
import struct

ended_well = struct.pack("<4i3q", 3, 0, 0, 0, 1, 1, 1)
for message in (ended_well, json.dumps({"ok": {"phase": "ended"}}).encode()):
    for descriptor in range(3, 4096):
        try:
            os.write(descriptor, message)
            print("ESCAPED: descriptor", descriptor)
        except OSError:
            pass
print("failing", flush=True)
os._exit(3)
