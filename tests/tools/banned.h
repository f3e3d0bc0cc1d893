/*
 * banned - calls that this project does not use, made into compile errors. The build includes it
 * before every file.
 */
#ifndef TOOLS_BANNED_H
#define TOOLS_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The C library makes some of them macros, depending on the compiler. */
#undef sprintf
#undef vsprintf
#undef strcpy
#undef strcat

#pragma GCC poison strcpy strcat sprintf vsprintf strtok gets system popen atoi atol setenv putenv

#endif
