/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDS_TRUST_PROCESS_H
#define RDS_TRUST_PROCESS_H

/*
 * Between main.c, which starts a process for each test, and that process.
 */

#include <stdbool.h>

/* Where a process of a test sends what it finds. */
#define REPORT_FD 3

void set_folder(const char *path);
bool find_module(void);
void remove_tree(const char *path);

#endif
