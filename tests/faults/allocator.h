/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDS_FAULTS_ALLOCATOR_H
#define RDS_FAULTS_ALLOCATOR_H

/*
 * malloc(), calloc() and realloc() of the whole process, one of which can be
 * made to fail.  Who asks is known by the address that it returns to: "own"
 * is the object under test, and libc and libjansson, which allocate for it;
 * all else is libraries.
 *
 * Linked into a program it is told what to do by these functions.  As a
 * preloaded object it reads the environment when it is loaded: RDS_FAULT_AT=N,
 * RDS_FAULT_IN=own|libraries, RDS_FAULT_LASTING=1; and at the end of the
 * process it writes what faults_seen() has, and the number of own blocks that
 * were not freed, into the file RDS_FAULT_REPORT.  There the program itself is
 * the object under test.  RDS_FAULT_TRACE=1 shows who asked for what fails.
 */

#include <stdbool.h>

enum faults_in { FAULTS_OWN, FAULTS_LIBRARIES, FAULTS_DOMAINS };

/* The object that has this address in it; NULL: the program. */
void faults_watch(const void *address);

/*
 * From now on counts; the one of number `at` fails, and with `lasting` all
 * behind it too.  0: none does.
 */
void faults_arm(enum faults_in domain, unsigned long at, bool lasting);

/* Stops.  Returns how many there were in the domain. */
unsigned long faults_disarm(void);

/* Own blocks that were allocated since faults_watch() and are not freed. */
long faults_live(void);

#endif
