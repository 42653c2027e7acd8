/* The FIFOs between the collector and init. */
#ifndef PODLINE_CHANNEL_H
#define PODLINE_CHANNEL_H

struct channel {
    int output[2]; /* to be read without waiting: stdout, stderr */
    int status;
    int control;
};

/* Puts init, the FIFOs and the files of /podline/line into the folder, and returns when init has
 * opened them; by then they have no names any more. Ends the pod if that fails. */
struct channel open_channel(const char *folder, const char *init);

#endif
