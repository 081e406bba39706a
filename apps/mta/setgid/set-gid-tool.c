/*
 * Runs one tool of posthouse for ordinary users, with the group of this program, which is to be
 * installed set-gid: a script, and whatever Node runs, cannot be. How to build it is in the README.
 *
 *   NODE       the Node to run, an absolute path
 *   POSTHOUSE  the file bin/posthouse.js
 *   CONFIG     the directory of main.cf: the only one that the tool is called with
 *   TOOL       postdrop or postqueue
 *
 * What a caller could turn the tool into something else with is not passed on: the environment, but
 * for the time zone, and the signal that opens a debugger.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OWN_WORDS 6
#define MOST_TZ_BYTES 64

int main(int argc, char **argv)
{
    const char *directory = getenv("MAIL_CONFIG");
    const char *zone = getenv("TZ");
    static char zone_setting[sizeof "TZ=" + MOST_TZ_BYTES];
    char *environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL, NULL};
    char *own[OWN_WORDS] = {NODE, "--disable-sigusr1", POSTHOUSE, "-c", CONFIG, TOOL};
    char **words = calloc((size_t) argc + OWN_WORDS + 1, sizeof *words);

    if (words == NULL) {
        perror(TOOL ": fatal: calloc");
        return 1;
    }
    if (directory != NULL && strcmp(directory, CONFIG) != 0) {
        fprintf(stderr, TOOL ": fatal: unauthorized configuration directory name: %s: "
                "this program is for " CONFIG "\n", directory);
        return 1;
    }
    if (zone != NULL && strlen(zone) <= MOST_TZ_BYTES) {
        snprintf(zone_setting, sizeof zone_setting, "TZ=%s", zone);
        environment[1] = zone_setting;
    }
    memcpy(words, own, sizeof own);
    for (int word = 1; word < argc; word++)
        words[OWN_WORDS + word - 1] = argv[word];
    execve(NODE, words, environment);
    perror(TOOL ": fatal: " NODE);
    return 1;
}
