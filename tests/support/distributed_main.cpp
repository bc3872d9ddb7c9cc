// The entry point of the test program that runs on several ranks: each goes through the same cases, in the same order.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <xgrad/distributed/mpi.hpp>
#include <xgrad/distributed/world.hpp>

#include <array>
#include <cstddef>
#include <cstdio>
#include <string_view>

int main(int count, char** arguments) {
    auto world = xgrad::distributed::world{count, arguments, {.timeout = 60}};
    auto library = std::array<char, MPI_MAX_LIBRARY_VERSION_STRING>{};
    auto length = 0;
    MPI_Get_library_version(library.data(), &length);
    const auto text = std::string_view{library.data(), static_cast<std::size_t>(length)};
    const auto line = text.substr(0, text.find('\n'));
    if (world.is_first()) std::printf("%zu ranks of %.*s\n", world.size(), static_cast<int>(line.size()), line.data());
    return doctest::Context{count, arguments}.run();
}
