# -*- coding: latin-1 -*-
# Is no UTF-8, and says so.
# outcome: success
# stdout: cafÃ©
print("café")
