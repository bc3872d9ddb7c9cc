// Every operation stands in a program under the name by which it was called, with all that determines its result.
#include <doctest/doctest.h>

#include <support/named_calls.hpp>

#include <xgrad/autograd/capture.hpp>
#include <xgrad/core/random.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace xg = xgrad;

namespace {

using named_calls::results;

bool same_bits(const xg::any_tensor& a, const xg::any_tensor& b) {
    if (!a.defined() || !b.defined()) return a.defined() == b.defined();
    const auto &x = a.get(), &y = b.get();
    return a.type() == b.type() && a.shape() == b.shape() && std::memcmp(x.elements, y.elements, x.size * x.element_bytes) == 0;
}
bool same_bits(const results& a, const results& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) { return same_bits(x, y); });
}

/// What an operation was told, apart from its results: its inputs, and all else as a text.
struct told {
    results inputs{};
    std::string text{};
};
told told_to(const xg::program::operation& of, const xg::program& in) {
    auto all = told{};
    for (const auto& each : of.inputs) {
        all.inputs.push_back(each.value == xg::program::none ? xg::any_tensor{} : in.values[each.value].constant);
        all.text += each.name + ' ';
    }
    for (const auto& each : of.attributes) {
        xg::detail::append_text(all.text, each);
        all.text += ' ';
    }
    return all;
}

struct written {
    results values;
    xg::program program;
};
written write_down(const named_calls::row& row) {
    xg::manual_seed(7);
    auto writer = xg::detail::program_writer{{}};
    auto y = row.call();
    auto program = std::move(writer).finish(y);
    return {std::move(y), std::move(program)};
}

}  // namespace

TEST_CASE("an operation stands in a program by the name it was called by, with all that determines its result") {
    struct seen {
        std::string call;
        told arguments;
        results values;
    };
    auto before = std::map<std::string, std::vector<seen>>{};
    for (const auto& row : named_calls::all_rows()) {
        const auto call = row.name + "(" + row.text + ")";
        CAPTURE(call);
        xg::manual_seed(7);
        const auto wanted = row.call();
        const auto written_down = write_down(row);
        const auto& program = written_down.program;
        CHECK(same_bits(written_down.values, wanted));
        REQUIRE_MESSAGE(!program.operations.empty(), "no operation");
        CHECK_MESSAGE(program.operations.size() == 1, "more than one operation:\n", to_string(program));
        const auto& operation = program.operations[0];
        CHECK(operation.name == row.name);
        xg::manual_seed(7);
        const auto again = program.run({});
        CHECK_MESSAGE(same_bits(again, wanted), "run again, it gives other bits:\n", to_string(program));

        auto arguments = told_to(operation, program);
        for (const auto& other : before[row.name]) {
            const auto same_call = other.arguments.text == arguments.text && same_bits(other.arguments.inputs, arguments.inputs);
            CHECK_MESSAGE((!same_call || same_bits(other.values, wanted)),
                          row.name, "(", other.call, ") has other results, and both say ", arguments.text);
        }
        before[row.name].push_back({row.text, std::move(arguments), wanted});
    }
}

TEST_CASE("every operation is called by its name in the table of calls") {
    auto called = std::set<std::string>{};
    for (const auto& row : named_calls::all_rows()) called.insert(row.name);
    auto list = std::ifstream{XGRAD_TEST_DATA "/../../docs/operations.txt"};
    REQUIRE(list.good());
    auto count = std::size_t{0};
    for (auto line = std::string{}; std::getline(list, line);) {
        if (line.empty() || line[0] == '#') continue;
        const auto name = line.substr(0, line.find('|'));
        CHECK_MESSAGE(called.contains(name), name, " is in no row of tests/ops/named_calls_*.cpp");
        ++count;
    }
    CHECK(count > 250);
}
