// A user's program in which other libraries have defined macros with everyday names: Windows, X11, Qt, Apple, Unreal,
// C. (The standard library does away with min and max; core/config.hpp has a sentence where it does not.)
#define near
#define far
#define small char
#define hyper __int64
#define interface struct
#define pascal
#define cdecl
#define IN
#define OUT
#define OPTIONAL
#define CONST const
#define VOID void
#define TRUE 1
#define FALSE 0
#define ERROR 0
#define NO_ERROR 0
#define DELETE 0x00010000L
#define STRICT 1
#define DIFFERENCE 11
#define ABSOLUTE 1
#define RELATIVE 2
#define TRANSPARENT 1
#define TEXT(quote) quote
#define CALLBACK
#define THIS void
#define DOMAIN 1
#define OVERFLOW 3
#define UNDERFLOW 4
#define GetObject GetObjectA
#define CreateFile CreateFileA
#define SendMessage SendMessageA
#define Yield()
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))

#define None 0L
#define Bool int
#define Status int
#define True 1
#define False 0
#define Success 0
#define Always 2
#define Above 0
#define Below 1
#define Complex 0
#define Convex 2
#define Unsorted 0
#define CursorShape 0
#define CurrentTime 0L
#define KeyPress 2
#define FocusIn 9
#define Expose 12
#define NoValue 0

#define signals public
#define slots
#define emit
#define forever for (;;)
#define foreach(variable, container) for (variable : container)
#define Q_OBJECT
#define Q_EMIT
#define Q_SIGNALS public
#define Q_SLOTS

#define check(assertion)
#define verify(assertion)
#define require(assertion, label)
#define ensure(assertion)
#define nil 0

#define I _Complex_I
#define _U 01
#define _L 02
#define _N 04
#define _S 010
#define _P 020
#define _C 040
#define _X 0100
#define _B 0200
#define major(device) 0
#define minor(device) 0
#define makedev(major, minor) 0
#define linux 1
#define unix 1
#define i386 1
#define sun 1
#define sq(x) ((x) * (x))
#define constrain(amount, low, high) (amount)
#define bit(b) (1UL << (b))
#define roundup(x, y) (x)
#define howmany(x, y) (x)
#define powerof2(x) (x)
#define likely(x) (x)
#define unlikely(x) (x)
#define _(text) text

#include "learn.cpp"
