// Makes the compiler print the host's secrets.
// outcome: compile_error
#include "/etc/shadow"
#include "/proc/1/environ"
#include "/root/.ssh/id_rsa"

int main(void) {
}
