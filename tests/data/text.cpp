#include <doctest/doctest.h>

#include <xgrad/core/error.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/data/text.hpp>

#include <support/temporary_folder.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace xg = xgrad;
namespace data = xgrad::data;
using strings = std::vector<std::string>;

TEST_CASE("lines and books") {
    const auto folder = temporary_folder{};
    const auto lines = [&](const std::string& text) { return data::read_lines(folder.write("t.txt", text)); };
    CHECK(lines("a\nb\n") == strings{"a", "b"});
    CHECK(lines("\xef\xbb\xbf" "a\r\n\r\nb\rc") == strings{"a", "", "b", "c"});
    CHECK(lines("").empty());
    CHECK(lines("\n") == strings{""});
    CHECK(data::read_text(folder.path("t.txt")) == "\n");
    CHECK_THROWS_AS(data::read_text(folder.path("none")), xg::io_error);
}

TEST_CASE("characters and words") {
    CHECK(data::characters("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") == strings{"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"});
    CHECK(data::characters("\xc3(\xe2\x82") == strings{"\xc3", "(", "\xe2", "\x82"});
    CHECK(data::words("Don't stop, K\xc3\xb6ln 42!\n'x'") == strings{"don't", "stop", ",", "k\xc3\xb6ln", "42", "!", "'", "x", "'"});
    CHECK(data::words("").empty());
}

TEST_CASE("a vocabulary numbers tokens") {
    const auto tokens = strings{"b", "a", "c", "b", "a", "b"};
    const auto all = data::vocabulary::of(tokens);
    CHECK(all.tokens() == strings{"b", "a", "c"});
    CHECK(all("a") == 1);
    const auto numbers = all.encode(tokens);
    CHECK(numbers(2) == 2);
    CHECK(all.decode(numbers) == "bacbab");
    CHECK(all.decode(numbers, " ") == "b a c b a b");
    CHECK_THROWS_WITH_AS(all("z"), "[vocabulary] \"z\" is unknown, and no token stands for what is", xg::value_error);
    CHECK_THROWS_AS(all[3], xg::index_error);
    CHECK_THROWS_AS(all[-1], xg::index_error);
    const auto some = data::vocabulary::of(tokens, {.max_size = 3, .special = {"<pad>", "<unknown>"}, .unknown = "<unknown>"});
    CHECK(some.tokens() == strings{"<pad>", "<unknown>", "b"});
    CHECK(some("a") == 1);
    CHECK(data::vocabulary::of(tokens, {.min_count = 2}).tokens() == strings{"b", "a"});
    CHECK(data::vocabulary{some.tokens(), "<unknown>"}("zzz") == 1);
    CHECK_THROWS_AS(data::vocabulary({"a", "a"}), xg::value_error);
    CHECK_THROWS_AS(data::vocabulary({"a"}, "b"), xg::value_error);
}

TEST_CASE("windows of a row, and what follows each") {
    const auto row = xg::tensor<std::int64_t, 1>{0, 1, 2, 3, 4, 5, 6};
    const auto set = data::windows{row, 3, 2};
    CHECK(set.size() == 2);
    const auto [x, y] = *data::loader{set, {.batch_size = 2}}.begin();
    CHECK(x(1, 0) == 2);
    CHECK(y(1, 2) == 5);
    CHECK(data::windows{row, 6}.size() == 1);
    CHECK_THROWS_AS((data::windows{row, 7}), xg::value_error);
    CHECK_THROWS_AS((data::windows{row, 0}), xg::value_error);
    CHECK_THROWS_AS(set[2], xg::index_error);
}
