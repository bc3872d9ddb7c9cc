// The entry point of the test program that runs on several ranks: each goes through the same cases, in the same order.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <xgrad/distributed/world.hpp>

int main(int count, char** arguments) {
    auto world = xgrad::distributed::world{count, arguments, {.timeout = 60}};
    return doctest::Context{count, arguments}.run();
}
