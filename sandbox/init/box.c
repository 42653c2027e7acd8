#define _GNU_SOURCE
#include "box.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "service.h"

#define WORK "/box/work"

/* Not every pod has all. A message queue is a file in the last one. */
static const char *const places[] = {"/box", "/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue"};

/* It exists if a volume is mounted elsewhere, too. */
static void make_shared_folder(const char *path) {
    if (mkdir(path, 01777) && errno != EEXIST) fail(WRITE_FILES);
}

/* One file system holds everything that a program may write, so one size limits it. */
void lay_out_box(void) {
    umask(0);
    make_shared_folder("/box/tmp");
    make_shared_folder("/box/shm");
    if (mkdir(WORK, 0755)) fail(WRITE_FILES);
    umask(022);
    if (chdir(WORK)) fail(WRITE_FILES);
}

/* False for a folder that is not empty; it can be entered then. */
static int removed(int folder, const char *name) {
    if (unlinkat(folder, name, 0) == 0) return 1;
    if (errno != EISDIR || fchmodat(folder, name, 0700, 0)) fail(WRITE_FILES);
    if (unlinkat(folder, name, AT_REMOVEDIR) == 0) return 1;
    if (errno != ENOTEMPTY) fail(WRITE_FILES);
    return 0;
}

/* Under a name that nothing else has; an empty folder of that name may be replaced. */
static void move_up(int folder, const char *name, int top) {
    static unsigned moved;
    char there[16];
    do {
        snprintf(there, sizeof there, ".%u", moved++);
        if (renameat(folder, name, top, there) == 0) return;
    } while (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR);
    fail(WRITE_FILES);
}

static DIR *opened(int parent, const char *name) {
    int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *entries = folder < 0 ? NULL : fdopendir(folder);
    if (!entries) fail(WRITE_FILES);
    return entries;
}

static struct dirent *next_entry(DIR *entries) {
    struct dirent *entry;
    do entry = readdir(entries);
    while (entry && (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")));
    return entry;
}

/* Folders in it move to the top, so that any depth takes two descriptors and no recursion. */
static void empty_folder(int top, const char *name) {
    DIR *entries = opened(top, name);
    for (struct dirent *entry; (entry = next_entry(entries));)
        if (!removed(dirfd(entries), entry->d_name)) move_up(dirfd(entries), entry->d_name, top);
    closedir(entries);
}

/* Entries may come and go while they are listed, so this repeats until nothing is found. */
static void empty_place(const char *path) {
    int found;
    do {
        DIR *entries = opened(AT_FDCWD, path);
        found = 0;
        for (struct dirent *entry; (entry = next_entry(entries)); found = 1)
            if (!removed(dirfd(entries), entry->d_name)) empty_folder(dirfd(entries), entry->d_name);
        closedir(entries);
    } while (found);
}

/* Programs can give them to a folder that is not theirs if they can write to it. */
static void remove_attributes(const char *path) {
    static char names[XATTR_LIST_MAX];
    ssize_t length = listxattr(path, names, sizeof names);
    for (char *name = names; name < names + length; name += strlen(name) + 1)
        if (!strncmp(name, "user.", 5) && removexattr(path, name)) fail(WRITE_FILES);
}

/* Their creator may remove them, whatever their modes are. */
static void remove_system_v_objects(void) {
    struct shmid_ds shared;
    struct semid_ds semaphores;
    struct msqid_ds queue;
    struct shm_info shared_info;
    struct seminfo semaphore_info;
    struct msginfo queue_info;
    int id;
    for (int i = shmctl(0, SHM_INFO, (void *)&shared_info); i >= 0; i--)
        if ((id = shmctl(i, SHM_STAT_ANY, &shared)) >= 0 && shmctl(id, IPC_RMID, NULL))
            fail(WRITE_FILES);
    for (int i = semctl(0, 0, SEM_INFO, &semaphore_info); i >= 0; i--)
        if ((id = semctl(i, 0, SEM_STAT_ANY, &semaphores)) >= 0 && semctl(id, 0, IPC_RMID))
            fail(WRITE_FILES);
    for (int i = msgctl(0, MSG_INFO, (void *)&queue_info); i >= 0; i--)
        if ((id = msgctl(i, MSG_STAT_ANY, &queue)) >= 0 && msgctl(id, IPC_RMID, NULL))
            fail(WRITE_FILES);
}

void empty_box(void) {
    if (chdir("/")) fail(WRITE_FILES);
    for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
        if (access(places[i], F_OK)) continue;
        empty_place(places[i]);
        remove_attributes(places[i]);
    }
    remove_system_v_objects();
    lay_out_box();
}
