# Leaves links to the host's files in place of its own.
# outcome: success
# stdout: left
rm main.sh
ln -s /etc/shadow main.sh
ln -s /proc/1/root root
ln -s "$HOST_FILE" secret
ln -s . loop
cat main.sh root/etc/shadow secret loop/loop/secret 2>/dev/null && echo ESCAPED
echo left
