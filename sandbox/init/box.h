/* The folders in which a program may write. */
#ifndef PODLINE_BOX_H
#define PODLINE_BOX_H

/* Makes what every program finds, and enters the working folder. */
void lay_out_box(void);

/* Removes everything that programs left outside of processes, of which none runs any more: all files
 * in every place of a pod where one can write, and System V's objects. Then lays out the box again.
 */
void empty_box(void);

#endif
