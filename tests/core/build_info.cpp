#include <doctest/doctest.h>

#include <xgrad/core/build_info.hpp>

#include <string>

TEST_CASE("the name of what a unit was built for has the version") {
    const auto version = "v" + std::to_string(XGRAD_VERSION_MAJOR) + "_" + std::to_string(XGRAD_VERSION_MINOR);
    const auto name = std::string{XGRAD_STRINGIZE(XGRAD_ABI)};
    CHECK_MESSAGE(name.starts_with(version), name);
}

TEST_CASE("what one got, in words") {
    const auto text = xgrad::build_info();
    CHECK(text.starts_with("xgrad " + std::to_string(XGRAD_VERSION_MAJOR) + "."));
    for (const auto* part : {XGRAD_STRINGIZE(XGRAD_ISA), "floats a vector", "thread", "xtensor ", "xsimd "})
        CHECK_MESSAGE(text.find(part) != std::string::npos, text);
#if defined(__GNUC__)
    const auto optimised = text.find("not optimised") == std::string::npos;
#if defined(__OPTIMIZE__)
    CHECK(optimised);
#else
    CHECK_FALSE(optimised);
#endif
#endif
}
