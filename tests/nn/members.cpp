#include <doctest/doctest.h>

#include <xgrad/nn/module.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace xg = xgrad;
namespace nn = xgrad::nn;

namespace {

auto weight() { return xg::tensor<float, 1>{{1, 1}}.requires_grad(true); }

template <class M>
std::vector<std::string> names(const M& module) {
    auto all = std::vector<std::string>{};
    for (const auto& [name, value] : nn::parameters(module)) all.push_back(name);
    return all;
}

using strings = std::vector<std::string>;

class base {
protected:
    xg::tensor<float, 1> scale = weight(), shift = weight();

private:
    XGRAD_MEMBERS(scale, shift)
};

}  // namespace

TEST_CASE("names are trimmed, whatever stands between them") {
    struct module {
        module() = default;
        // clang-format off
        XGRAD_MEMBERS( first , /* the middle one */ second
                      ,	this->third,
                      module::fourth // the last
                     )
        // clang-format on
        xg::tensor<float, 1> first = weight(), second = weight(), third = weight(), fourth = weight();
    };
    CHECK(names(module{}) == strings{"first", "second", "third", "fourth"});
    CHECK(nn::detail::split_names<2>("a\n ,\t b ")[0] == "a");
    CHECK(nn::detail::split_names<2>("a\n ,\t b ")[1] == "b");
    CHECK(nn::detail::split_names<1>("")[0].empty());
}

TEST_CASE("a derived class lists what its base classes list, too") {
    struct whole : base {
        whole() = default;
        xg::tensor<float, 1> more = weight();
        XGRAD_MEMBERS(more, shift, base::scale)
    };
    struct own_only : base {
        own_only() = default;
        xg::tensor<float, 1> more = weight();
        XGRAD_MEMBERS(more)
    };
    struct one_left_out : base {
        one_left_out() = default;
        xg::tensor<float, 1> more = weight();
        XGRAD_MEMBERS(more, scale)
    };
    struct farther : whole {
        xg::tensor<float, 1> most = weight();
        XGRAD_MEMBERS(most)
    };
    struct unlisted : base {
        xg::tensor<float, 1> more = weight();
    };
    struct only_behaviour : base {
        float operator()() const { return scale(0); }
    };
    using list = nn::detail::member_list;
    CHECK(names(whole{}) == strings{"more", "shift", "scale"});
    CHECK(list::is_whole<base>());
    CHECK(list::is_whole<whole>());
    CHECK_FALSE(list::is_whole<own_only>());
    CHECK_FALSE(list::is_whole<one_left_out>());
    CHECK_FALSE(list::is_whole<farther>());
    CHECK_FALSE(list::is_own<unlisted>());
    CHECK(names(only_behaviour{}) == strings{"scale", "shift"});
}

TEST_CASE("a derived class lists what a plain base class has") {
    struct plain {
        xg::tensor<float, 1> scale = weight();
        int width = 3;
    };
    struct numbers {
        int width = 3;
    };
    struct own_only : plain {
        xg::tensor<float, 1> more = weight();
        XGRAD_MEMBERS(more)
    };
    struct whole : plain {
        whole() = default;   // without it g++ 12 warns, falsely, of what is not initialised
        xg::tensor<float, 1> more = weight();
        XGRAD_MEMBERS(scale, more)
    };
    struct over_numbers : numbers {
        xg::tensor<float, 1> more = weight();
        XGRAD_MEMBERS(more)
    };
    CHECK_FALSE(nn::detail::lists_bases<own_only>());
    CHECK(names(whole{}) == strings{"scale", "more"});
    CHECK(names(over_numbers{}) == strings{"more"});
}

TEST_CASE("over a base class without anything to learn, and over a shell") {
    struct fixed {
        fixed() = default;
        XGRAD_MEMBERS()
        int width = 3;
    };
    struct over_fixed : fixed {
        over_fixed() = default;
        xg::tensor<float, 1> more = weight();
        XGRAD_MEMBERS(more)
    };
    struct shell {
        shell() = default;
        std::vector<xg::tensor<float, 1>> layers{weight(), weight()};
        XGRAD_MEMBERS_OF(layers)
    };
    struct over_shell : shell {
        over_shell() = default;
        xg::tensor<float, 1> more = weight();
        XGRAD_MEMBERS(more)
    };
    CHECK(names(over_fixed{}) == strings{"more"});
    CHECK(names(shell{}) == strings{"0", "1"});
    CHECK_FALSE(nn::detail::lists_bases<over_shell>());
}
