/*
 * A PAM module that gives a login the box's variables and secrets, whatever its shell is.
 *
 * The host writes /run/box/environment: NAME=value entries that end with NUL, so that a value may have every other byte. Only services
 * that begin a session take them: sudo and su decide for themselves what they pass on.
 */
#define PAM_SM_SESSION
#include <security/pam_modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char path[] = "/run/box/environment";

static int begins_a_session(pam_handle_t *pam) {
    static const char *const services[] = {"sshd", "cron", "atd", "login"};
    const void *name = NULL;
    if (pam_get_item(pam, PAM_SERVICE, &name) != PAM_SUCCESS || name == NULL) return 0;
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        if (strcmp(name, services[i]) == 0) return 1;
    }
    return 0;
}

int pam_sm_open_session(pam_handle_t *pam, int flags, int argc, const char **argv) {
    (void)flags, (void)argc, (void)argv;
    if (!begins_a_session(pam)) return PAM_IGNORE;
    FILE *file = fopen(path, "re");
    if (file == NULL) return PAM_IGNORE;
    char *entry = NULL;
    size_t size = 0;
    int result = PAM_SUCCESS;
    while (result == PAM_SUCCESS && getdelim(&entry, &size, '\0', file) > 0) {
        /* Without "=", pam_putenv(3) removes the variable. */
        if (strchr(entry, '=') != NULL) result = pam_putenv(pam, entry);
    }
    free(entry);
    fclose(file);
    return result;
}

int pam_sm_close_session(pam_handle_t *pam, int flags, int argc, const char **argv) {
    (void)pam, (void)flags, (void)argc, (void)argv;
    return PAM_SUCCESS;
}
