#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/einsum.hpp>
#include <xgrad/ops/reduce.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

/// The sum written out: for all values of all letters, the product of the elements that they name. Letters only.
xg::tensor<double> written_out(const std::string& inputs, const std::string& output, const list<double>& x) {
    auto terms = std::vector<std::string>{""};
    for (const auto each : inputs)
        if (each == ',') terms.emplace_back();
        else terms.back() += each;
    auto size = std::map<char, std::size_t>{};
    for (auto k = std::size_t{0}; k < terms.size(); ++k)
        for (auto axis = std::size_t{0}; axis < terms[k].size(); ++axis) {
            auto& known = size.try_emplace(terms[k][axis], 1).first->second;
            if (x[k].shape()[axis] != 1) known = x[k].shape()[axis];
        }
    auto sizes = xg::shape{};
    for (const auto letter : output) sizes.push_back(size.at(letter));
    auto y = xg::zeros<double>(sizes);
    auto all = std::size_t{1};
    for (const auto& each : size) all *= each.second;
    for (auto number = std::size_t{0}; number < all; ++number) {
        auto at = std::map<char, std::size_t>{};
        auto rest = number;
        for (const auto& [letter, length] : size) at[letter] = rest % length, rest /= length;
        const auto place = [&](const std::string& term, const xg::shape& own) {
            auto result = std::size_t{0};
            for (auto axis = std::size_t{0}; axis < term.size(); ++axis) result = result * own[axis] + (own[axis] == 1 ? 0 : at.at(term[axis]));
            return result;
        };
        auto product = 1.0;
        for (auto k = std::size_t{0}; k < terms.size(); ++k) product *= x[k].span()[place(terms[k], x[k].shape())];
        y.data()[place(output, sizes)] += product;
    }
    return y;
}

const auto numbers = std::array<std::vector<double>, 3>{std::vector<double>{0.5, -1, 2, 0.1, -3, 1.5, 0.7}, {-0.3, 4, 0.9, -2.5, 1.1},
                                                        {1.3, -0.8, 0.4, 2.2}};

/// `equation` on operands of these shapes, against `inputs` and `output`, which name every axis.
operation sums(const std::string& equation, const std::string& inputs, const std::string& output, const std::vector<xg::shape>& shapes) {
    auto x = list<double>{};
    for (auto k = std::size_t{0}; k < shapes.size(); ++k) x.push_back(shaped(numbers[k], shapes[k]));
    return {.name = equation, .run = on_lists([=](const auto& operands) { return xg::einsum(equation, operands); }),
            .reference = [=](const list<double>& operands) { return written_out(inputs, output, operands); },
            .points = {x}, .epsilons = 8, .scale = 20, .is_product = true};
}
operation sums(const std::string& equation, const std::vector<xg::shape>& shapes) {
    const auto arrow = equation.find("->");
    return sums(equation, equation.substr(0, arrow), equation.substr(arrow + 2), shapes);
}

}  // namespace

TEST_CASE("einsum: one operand") {
    check({
        sums("ij->ij", {{2, 3}}),
        sums("ij->ji", {{2, 3}}),
        sums("ij->i", {{2, 3}}),
        sums("ij->", {{2, 3}}),
        sums("ii->i", {{3, 3}}),
        sums("ii->", {{3, 3}}),
        sums("iij->ij", {{2, 2, 3}}),
        sums("iij->i", {{2, 2, 3}}),
        sums("iji->j", {{2, 3, 2}}),
        sums("iii->i", {{3, 3, 3}}),
        sums("ijk->kij", {{2, 3, 2}}),
        sums("ii", "ii", "", {{3, 3}}),
        sums("ba", "ba", "ab", {{2, 3}}),
        sums("->", {{}}),
        sums("ij->j", {{0, 3}}),
        sums("ij->ji", {{0, 3}}),
    });
}

TEST_CASE("einsum: two operands, every way in which their axes can stand") {
    check({
        sums("ij,jk->ik", {{2, 3}, {3, 4}}),
        sums("ij,jk->ki", {{2, 3}, {3, 4}}),
        sums("ji,jk->ik", {{3, 2}, {3, 4}}),
        sums("ij,kj->ik", {{2, 3}, {4, 3}}),
        sums("ji,kj->ik", {{3, 2}, {4, 3}}),
        sums("bij,bjk->bik", {{2, 2, 3}, {2, 3, 2}}),
        sums("bhid,bhjd->bhij", {{2, 2, 3, 2}, {2, 2, 2, 2}}),
        sums("bij,jk->bik", {{2, 2, 3}, {3, 2}}),
        sums("bji,jk->bik", {{2, 3, 2}, {3, 2}}),
        sums("ij,bjk->bik", {{2, 3}, {2, 3, 2}}),
        sums("ij,bjk->ibk", {{2, 3}, {2, 3, 2}}),
        sums("ibj,jbk->kbi", {{2, 2, 3}, {3, 2, 2}}),
        sums("ijk,kjl->il", {{2, 3, 2}, {2, 3, 2}}),
        sums("kij,kjl->il", {{3, 2, 2}, {3, 2, 2}}),   // inner labels apart
        sums("jik,kjl->il", {{3, 2, 2}, {2, 3, 2}}),
        sums("ijk,jkl->il", {{2, 3, 2}, {3, 2, 2}}),
        sums("ijk,jk->i", {{2, 3, 2}, {3, 2}}),
        sums("jik,jk->i", {{3, 2, 2}, {3, 2}}),
        sums("abc,cab->", {{2, 3, 2}, {2, 2, 3}}),
        sums("bi,bi->b", {{2, 3}, {2, 3}}),
        sums("i,j->ij", {{2}, {3}}),
        sums("i,j->ji", {{2}, {3}}),
        sums("ij,ij->ij", {{2, 3}, {2, 3}}),
        sums("ij,ji->ij", {{2, 3}, {3, 2}}),
        sums("i,i->", {{3}, {3}}),
        sums("ij,k->", {{2, 3}, {2}}),
        sums("iij,jk->ik", {{2, 2, 3}, {3, 2}}),
        sums(",ij->ij", {{}, {2, 3}}),
        sums("ij,jk->ik", {{2, 0}, {0, 3}}),
        sums("bij,bjk->bik", {{0, 2, 3}, {0, 3, 2}}),
        sums("ij,jk", "ij,jk", "ik", {{2, 3}, {3, 4}}),
        sums(" i j , j k -> i k ", "ij,jk", "ik", {{2, 3}, {3, 4}}),
        sums("Ba,Aa", "Ba,Aa", "AB", {{2, 3}, {2, 3}}),
    });
    // Enough work for a stack of products where one operand lacks an axis of the stack.
    const auto a = xg::tensor<double, 2>{shaped(numbers[0], {16, 20})};
    const auto b = xg::tensor<double, 3>{shaped(numbers[1], {3, 20, 17})};
    CHECK(xg::allclose(xg::einsum("ij,bjk->bik", a, b), written_out("ij,bjk", "bik", {a, b}), 1e-12));
    CHECK(xg::allclose(xg::einsum("bjk,ij->ikb", b, a), written_out("bjk,ij", "ikb", {b, a}), 1e-12));
}

TEST_CASE("einsum: a size of 1 broadcasts, and its gradient keeps it") {
    check({
        sums("i,i->", {{1}, {3}}),
        sums("i,i->i", {{3}, {1}}),
        sums("ij,jk->ik", {{2, 1}, {3, 4}}),
        sums("bij,bjk->bik", {{1, 2, 3}, {2, 3, 2}}),
        sums("i,i,i->i", {{1}, {3}, {1}}),
        sums("i,i", "i,i", "", {{1}, {3}}),
        sums("ij,ij->i", {{2, 1}, {1, 3}}),
        sums("i,i->i", {{1}, {1}}),
        sums("i,i->", {{1}, {0}}),
    });
}

TEST_CASE("einsum: the ellipsis") {
    check({
        sums("...ij,...jk->...ik", "abij,bjk", "abik", {{2, 2, 2, 3}, {2, 3, 2}}),
        sums("...ij,...jk", "aij,ajk", "aik", {{2, 2, 3}, {2, 3, 2}}),
        sums("i...->...i", "iab", "abi", {{2, 3, 2}}),
        sums("i...,...->i...", "iab,b", "iab", {{2, 3, 2}, {2}}),
        sums("...i->...", "i", "", {{3}}),
        sums("...ij->ij", "aij", "ij", {{2, 2, 3}}),   // what the output does not name is summed over
        sums("...,...", "ab,cb", "ab", {{2, 3}, {1, 3}}),
        sums("...ii->...i", "aii", "ai", {{2, 3, 3}}),
        sums("ij->...ji", "ij", "ji", {{2, 3}}),
    });
}

TEST_CASE("einsum: many operands") {
    check({
        sums("ij,jk,kl->il", {{2, 3}, {3, 2}, {2, 3}}),
        sums("ij,j,i->", {{2, 3}, {3}, {2}}),
        sums("ai,bi,ci->abc", {{2, 3}, {2, 3}, {2, 3}}),
        sums("i,ij,j->ij", {{2}, {2, 3}, {3}}),
        sums("ab,bc,ca->", {{2, 3}, {3, 2}, {2, 2}}),
    });
    // A chain of ten, of which any order is allowed.
    auto matrices = std::vector<xg::tensor<double, 2>>{};
    auto product = xg::tensor<double, 2>{xg::eye<double>(2)};
    for (auto k = 0; k < 10; ++k) {
        matrices.emplace_back(shaped(numbers[static_cast<std::size_t>(k % 3)], {2 + k % 3, 2 + (k + 1) % 3}));
        product = xg::matmul(product, matrices.back());
    }
    CHECK(xg::allclose(xg::einsum("ab,bc,cd,de,ef,fg,gh,hi,ij,jk->ak", matrices), product, 1e-12));
}

TEST_CASE("einsum: the cheapest order") {
    const auto count = [](const std::vector<xg::shape>& shapes, const char* text) {
        const auto equation = xg::detail::einsum_equation{text, shapes};
        auto sets = std::vector<xg::detail::label_set>{};
        for (const auto& each : equation.operands) sets.push_back(each.set());
        const auto order = xg::detail::contraction_order{sets, equation.output.set(), equation.sizes};
        return order.split(order.all());
    };
    CHECK(count({{100, 2}, {2, 100}, {100, 1}}, "ij,jk,kl->il") == 0b001);   // the last two first
    CHECK(count({{1, 100}, {100, 2}, {2, 100}}, "ij,jk,kl->il") == 0b011);   // the first two first
}

TEST_CASE("einsum: what is wrong is named") {
    const auto a = xg::zeros<float>({2, 3});
    const auto b = xg::zeros<float>({4, 5});
    static_assert(std::is_same_v<decltype(xg::einsum("ij->ji", a)), xg::tensor<float>>);
    CHECK_THROWS_WITH_AS(xg::einsum("ij,jk->ik", a, b), "[einsum] letter 'j' is 3 in operand 0 and 4 in operand 1; they must be equal, or one of them 1",
                         xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::einsum("ii->i", a), "[einsum] letter 'i' is 2 and 3 in operand 0, which is (2, 3)", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::einsum("ij->ik", a), "[einsum] letter 'k' of the output is in no operand", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::einsum("ij->ii", a), "[einsum] letter 'i' is named twice in the output", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::einsum("ijk->i", a), "[einsum] operand 0 is (2, 3), which 'ijk' does not fit: it names 3 axes", xg::rank_error);
    CHECK_THROWS_WITH_AS(xg::einsum("i->i", a), "[einsum] operand 0 is (2, 3), which 'i' does not fit: it names 1 axes", xg::rank_error);
    CHECK_THROWS_WITH_AS(xg::einsum("ij->i", a, b), "[einsum] the equation is for 1 operands, there are 2", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::einsum("i?->i", a), "[einsum] '?' is no letter", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::einsum("i..->i", a), "[einsum] 'i..': an ellipsis is three dots, once in a term", xg::value_error);
    CHECK_THROWS_AS(xg::einsum("...i...->i", a), xg::value_error);
    CHECK_THROWS_AS(xg::einsum("abcde,fghij", xg::zeros<float>({1, 1, 1, 1, 1}), xg::zeros<float>({1, 1, 1, 1, 1})), xg::rank_error);
}

TEST_CASE("einsum: no gradient is computed that nobody wants") {
    auto a = xg::ones<double>({2, 3}), b = xg::ones<double>({3, 4});
    b.requires_grad(true);
    xg::sum(xg::einsum("ij,jk->ik", a, b)).backward();
    CHECK(xg::array_equal(b.grad(), xg::full<double>({3, 4}, 2)));
    CHECK_FALSE(a.requires_grad());
}
