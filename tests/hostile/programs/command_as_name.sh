# Its name would be a command if it were part of a command line.
# outcome: success
# stdout: run
# file: $(touch escaped);`touch escaped` && touch escaped #.sh
ls escaped 2>/dev/null && echo ESCAPED
echo run
