#include <doctest/doctest.h>

#include <xgrad/core/lists.hpp>

#include <array>
#include <cstddef>
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

TEST_CASE("lists: numbers are sorted by what is known of them, and equal ones rise") {
    const auto of = std::vector<int>{2, 0, 1, 0, 2, 1, 0};
    auto numbers = std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6};
    lists::sort_numbers(numbers, [&](std::size_t x, std::size_t y) { return of[x] < of[y]; });
    CHECK(numbers == std::vector<std::size_t>{1, 3, 6, 2, 5, 0, 4});
    lists::sort_numbers(numbers, [&](std::size_t x, std::size_t y) { return of[x] > of[y]; });
    CHECK(numbers == std::vector<std::size_t>{0, 4, 2, 5, 1, 3, 6});

    // As many as make the sort leave what it does with few.
    auto many = std::vector<std::size_t>(1000), expected = std::vector<std::size_t>{};
    for (auto i = std::size_t{0}; i < many.size(); ++i) many[i] = i;
    for (auto of_all = std::size_t{0}; of_all < 5; ++of_all)
        for (const auto i : many)
            if (i * 7 % 5 == of_all) expected.push_back(i);
    lists::sort_numbers(many, [](std::size_t x, std::size_t y) { return x * 7 % 5 < y * 7 % 5; });
    CHECK(many == expected);
}
