#include <doctest/doctest.h>

#include <xgrad/core/lists.hpp>

#include <array>
#include <string>
#include <vector>

namespace lists = xgrad::lists;

namespace {

struct entry {
    std::string name;
    int number;
};

}  // namespace

TEST_CASE("lists: the first that is found, by itself, by a member and by a function of it") {
    auto entries = std::vector<entry>{{"a", 1}, {"b", 2}, {"b", 3}};
    CHECK(lists::find(entries, "b", &entry::name)->number == 2);
    CHECK(lists::find(entries, 6, [](const entry& each) { return 2 * each.number; })->number == 3);
    CHECK(lists::find(entries, "c", &entry::name) == entries.end());
    lists::find_if(entries, [](const entry& each) { return each.number > 1; })->number = 5;
    CHECK(entries[1].number == 5);
    CHECK(lists::contains(std::array{1, 2}, 2));
    CHECK_FALSE(lists::contains(std::vector<int>{}, 2));
    CHECK(lists::contains(std::vector<bool>{false, true}, true));
}

TEST_CASE("lists: questions about all, of nothing as well") {
    const auto positive = [](int x) { return x > 0; };
    const auto none = std::vector<int>{};
    CHECK(lists::any_of(std::array{-1, 1}, positive));
    CHECK_FALSE(lists::any_of(none, positive));
    CHECK(lists::all_of(std::array{2, 1}, positive));
    CHECK_FALSE(lists::all_of(std::array{2, -1}, positive));
    CHECK(lists::all_of(none, positive));
    CHECK(lists::none_of(none, positive));
    CHECK_FALSE(lists::none_of(std::array{-1, 1}, positive));
    CHECK(lists::count_if(std::array{1, -1, 2}, positive) == 2);
    CHECK(lists::equal(std::array{1, 2}, std::vector{1, 2}));
    CHECK_FALSE(lists::equal(std::array{1, 2}, std::vector{1, 2, 3}));
    CHECK(lists::equal(std::array{1, 2}, std::array{-1, -2}, [](int x, int y) { return x == -y; }));
}
