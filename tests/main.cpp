// The entry point of every test program. It takes the user's locale, so that all tests can be run in any.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <clocale>
#include <locale>
#include <stdexcept>

// What the address sanitizer's search for leaks passes over: glibc's setlocale never gives back how it has read LOCPATH.
extern "C" const char* __lsan_default_suppressions() { return "leak:__argz_add_sep\n"; }

int main(int count, char** arguments) {
    std::setlocale(LC_ALL, "");
    try {
        std::locale::global(std::locale{""});
    } catch (const std::runtime_error&) {   // the environment names one that is not installed
    }
    return doctest::Context{count, arguments}.run();
}
