#include <doctest/doctest.h>

#include <xgrad/core/build_info.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/vector_sets.hpp>

#include <cstdlib>
#include <string>
#include <string_view>

namespace {

/// The vectors of this program's matrix products: chosen when it runs, and not more than XGRAD_MAX_ISA allows.
void check_products(std::string_view text) {
    const auto* const most = std::getenv("XGRAD_MAX_ISA");
    const auto limit = std::string_view{most == nullptr ? "" : most};
    CHECK((text.find("products by avx512") == std::string_view::npos || limit.empty() || limit == "avx512"));
    CHECK((text.find("products by") == std::string_view::npos || limit != "sse2"));
#if XGRAD_CHOOSES_PRODUCTS
    const auto some = xgrad::detail::possible_vectors() != xgrad::detail::vector_set::sse2 && limit != "sse2";
    CHECK((text.find("products by avx") != std::string_view::npos) == some);
#endif
}

}  // namespace

TEST_CASE("the name of what a unit was built for has the version") {
    const auto version = "v" + std::to_string(XGRAD_VERSION_MAJOR) + "_" + std::to_string(XGRAD_VERSION_MINOR);
    const auto name = std::string{XGRAD_STRINGIZE(XGRAD_ABI)};
    CHECK_MESSAGE(name.starts_with(version), name);
}

TEST_CASE("what one got, in words") {
#if XGRAD_CHOOSES_PRODUCTS
    if (const auto* const most = std::getenv("XGRAD_MAX_ISA"); most != nullptr && std::string_view{most} == "avx3") {
        CHECK_THROWS_WITH_AS(xgrad::build_info(), "[XGRAD_MAX_ISA] \"avx3\" is no instruction set; it may be one of sse2, avx2, avx512",
                             xgrad::value_error);
        return;
    }
#endif
    const auto text = xgrad::build_info();
    CHECK(text.starts_with("xgrad " + std::to_string(XGRAD_VERSION_MAJOR) + "."));
#if defined(XGRAD_COMPILED) && defined(XGRAD_INSTANCE)
    for (const auto* part : {"compiled, ", "thread", "xtensor ", "xsimd "})
#else
    for (const auto* part : {XGRAD_STRINGIZE(XGRAD_ISA), "floats a vector", "thread", "xtensor ", "xsimd "})
#endif
        CHECK_MESSAGE(text.find(part) != std::string::npos, text);
    check_products(text);
#if defined(__GNUC__)
    const auto optimised = text.find("not optimised") == std::string::npos;
#if defined(__OPTIMIZE__)
    CHECK(optimised);
#else
    CHECK_FALSE(optimised);
#endif
#endif
}
