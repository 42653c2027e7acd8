# -*- coding: latin-1 -*-
# Is not UTF-8, and declares its encoding.
# outcome: success
# stdout: cafÃ©
print("café")
